"""Servers of others that tests talk to: each a process or an address on this machine that speaks the real protocol."""
