"""The log on Apache Kafka: how to reach it, its topics, and which election it was opened for."""
