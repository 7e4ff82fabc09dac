"""What headings and the labels before a text say of what stands below and behind them."""
