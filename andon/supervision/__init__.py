"""Collector, engine and dashboard as processes on one machine: started in order, restarted if they end, stopped without loss."""
