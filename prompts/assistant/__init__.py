"""Prompts about conversations, and what they give."""
