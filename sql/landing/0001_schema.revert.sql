drop schema landing;
