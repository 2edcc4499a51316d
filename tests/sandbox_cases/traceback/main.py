raise ValueError("the last words")
