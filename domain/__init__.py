"""Pure rules of inside sales: standard library only, no clock, no I/O."""
