"""The receiver: the one public endpoint. It verifies deliveries, puts them on the events stream, and answers."""
