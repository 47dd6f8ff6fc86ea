"""Networks that see: their features tell how alike two pictures look."""
