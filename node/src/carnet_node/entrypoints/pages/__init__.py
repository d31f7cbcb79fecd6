"""The front desk's pages: server-rendered, in Chinese and English, without anything from the internet."""
