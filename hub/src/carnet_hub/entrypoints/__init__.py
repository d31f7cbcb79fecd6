"""How people and programs reach the hub. An entry point parses, calls and renders; it holds no rules."""
