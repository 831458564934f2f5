"""How every process answers HTTP: one server, with limits that uvicorn does not have. The endpoints belong to each process."""
