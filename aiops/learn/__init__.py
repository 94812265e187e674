"""What ended incidents teach: what they looked like, and what fixed them."""
