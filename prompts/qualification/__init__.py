"""Prompts about qualification, and what they give."""
