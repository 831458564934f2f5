"""How every process answers HTTP: one server, held to bounds that uvicorn does not have itself. The doors of each process are its own."""
