//! The suites of the ports, on a temporary folder.

// Helpers of tests, where a panic is the report.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use tempfile::TempDir;
use tertulia_embedded::{Embedded, MemoryBus, MemoryHandovers, MemoryLimits, MemoryQueue};
use tertulia_ports::{Bus, Handovers, Limits, Queue, Store};

async fn open() -> (Store, (Embedded, TempDir)) {
    let folder = tempfile::tempdir().unwrap();
    let embedded = tertulia_embedded::open(folder.path()).unwrap();
    (embedded.store.clone(), (embedded, folder))
}

tertulia_testkit::store_suite!(open());

mod bus {
    use super::*;

    async fn open() -> Arc<dyn Bus> {
        Arc::new(MemoryBus::default())
    }

    tertulia_testkit::bus_suite!(open());
}

mod limits {
    use super::*;

    fn open() -> Arc<dyn Limits> {
        Arc::new(MemoryLimits::default())
    }

    tertulia_testkit::limits_suite!(open());
}

mod handovers {
    use super::*;

    async fn stored() -> (Arc<dyn Handovers>, (Embedded, TempDir)) {
        let (store, kept) = open().await;
        (store.handovers, kept)
    }

    tertulia_testkit::handovers_suite!(stored());

    mod memory {
        use super::*;

        async fn open() -> (Arc<dyn Handovers>, ()) {
            (Arc::new(MemoryHandovers::default()), ())
        }

        tertulia_testkit::handovers_suite!(open());
    }
}

mod queue {
    use super::*;

    async fn open() -> (Arc<dyn Queue>, Arc<dyn Queue>, ()) {
        let queue = Arc::new(MemoryQueue::default());
        (queue.clone(), queue, ())
    }

    tertulia_testkit::queue_suite!(open());
}
