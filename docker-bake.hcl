# The image for several platforms: VERSION=0.1.0 docker buildx bake --push
variable "VERSION" { default = "dev" }
variable "REVISION" { default = "unknown" }
variable "CREATED" { default = "1970-01-01T00:00:00Z" }
variable "BASE" { default = "python:3.13-slim-bookworm" }
variable "REPOSITORY" { default = "toggle-mock" }

target "default" {
  context   = "."
  platforms = ["linux/amd64", "linux/arm64"]
  tags      = ["${REPOSITORY}:${VERSION}", "${REPOSITORY}:latest"]
  args = {
    BASE     = BASE
    VERSION  = VERSION
    REVISION = REVISION
    CREATED  = CREATED
  }
}
