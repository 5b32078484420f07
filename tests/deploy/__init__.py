"""Tests of what a deployment is made of: the files of docker-compose.yml, Dockerfile and deploy/."""
