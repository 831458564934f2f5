"""Collector, engine and dashboard as processes of one machine: started in order, restarted when they end, stopped without loss."""
