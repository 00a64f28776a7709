var size = 3

output size int = size // expect: unused-output
