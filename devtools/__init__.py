"""What developers and tests run beside the product: a Kafka broker of their own."""
