"""The front door of the probe: what is drawn from the warehouse, and how the stages are started and told of."""
