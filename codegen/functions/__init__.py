"""Hold the elementary functions in float64, each as arithmetic and bit operations of the IR."""
