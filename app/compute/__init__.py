"""Where code runs: pools of workers, and which workers are alive."""
