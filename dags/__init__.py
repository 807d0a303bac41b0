"""The story: `pipeline` is the ordered list of steps; `cli` and `customer_mdm` are two skins over it."""
