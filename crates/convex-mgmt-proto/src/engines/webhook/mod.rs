//! Receiving the events of webhook log streams: verification, events, and metering.
