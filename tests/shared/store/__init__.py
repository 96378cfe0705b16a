"""What is kept in Redis, on a real server or a fake one."""
