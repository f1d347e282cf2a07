"""The widgets of the docker: they show values of `view_state` and emit signals."""
