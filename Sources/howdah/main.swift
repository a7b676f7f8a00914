print("howdah")
