"""What Andon watches about itself and its machine: clocks, disks, its heartbeat and its backlog; it becomes readiness, metrics and incidents."""
