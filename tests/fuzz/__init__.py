"""What reads text of strangers, with bytes nobody would think of: `make fuzz`, and a short form in the tests."""
