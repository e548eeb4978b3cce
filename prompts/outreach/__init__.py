"""The prompts around a call, and what they give."""
