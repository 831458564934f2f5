"""The engine: one loop over the stages, the HTTP server beside it, and recovery when the store is lost or its disk is full."""
