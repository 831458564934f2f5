"""What receivers of brokers share: addresses, connections that get lost, what stands in queues, and what a dead letter says."""
