"""The widgets of the docker. They show `shown` values and emit what people ask for."""
