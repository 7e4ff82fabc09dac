"""What is asked of pdfium thousands of times a page: below pypdfium2's own classes, as these cost more than the question."""
