"""The theorems, one file each: statement, proof, assumptions as numbers, and the bound typed once."""
