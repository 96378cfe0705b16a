"""
The whole lives of two incidents, played on this machine: `make demo`.

The real receiver and worker as processes of their own, a real Valkey, and the two simulators. What is shown is what the
simulated Slack holds, the hops are those of the simulators' logs, and every step is checked against them.
"""
