"""How people and programs reach the node. An entry point parses, calls and renders; it holds no rules."""
