"""What Andon watches about itself and its machine: clocks, disks, its heartbeat and its backlog.

It becomes readiness, metrics and incidents.
"""
