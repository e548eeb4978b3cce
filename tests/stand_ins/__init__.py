"""Packages that are no part of the product, as far as we use them."""
