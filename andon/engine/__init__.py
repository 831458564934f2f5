"""The engine: one loop over the stages, the HTTP server beside it, and what brings the store back when it is lost or its disk is full."""
