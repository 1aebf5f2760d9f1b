//! podpath models.
