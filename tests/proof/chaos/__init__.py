"""
Bounded, seeded chaos: the real processes of the bridge, and everything around them going wrong.

A receiver, two workers and a Valkey, each a process that is killed, stopped and started again; connections that are
cut, held up and swallowed; simulators that misbehave. Judged by what the simulators saw, and by nothing else.
"""
