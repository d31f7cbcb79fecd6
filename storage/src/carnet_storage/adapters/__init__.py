"""SQLite files, processes, sockets, folders and object stores behind the ports."""
