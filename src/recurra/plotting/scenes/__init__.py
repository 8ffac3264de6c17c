"""What a picture shows, computed once for paper and page: frozen records of arrays and words, and no drawing."""
