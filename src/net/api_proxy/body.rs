//! A request's body, of which a copy is kept while it is small, so that the request can be repeated.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use http_body_util::BodyExt as _;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};

use crate::net::api_client::{BodyError, RequestBody};

/// The longest body that can be repeated, in bytes.
const KEPT_MAX_BYTES: usize = 256 * 1024;

/// What was sent so far.
#[derive(Default)]
enum Kept {
    #[default]
    Nothing,
    Part(Vec<u8>),
    Whole(Vec<u8>),
}

/// The copy of a body that is being sent.
#[derive(Clone)]
pub(super) struct Recorder(Arc<Mutex<Kept>>);

impl Recorder {
    /// Returns the body that is sent and its recorder.
    pub(super) fn around(body: Incoming) -> (RequestBody, Self) {
        let is_small = body.size_hint().upper().is_none_or(|upper| upper <= KEPT_MAX_BYTES as u64);
        let kept = if is_small { Kept::Part(Vec::new()) } else { Kept::Nothing };
        let recorder = Self(Arc::new(Mutex::new(kept)));
        (Recorded { body, recorder: recorder.clone() }.boxed(), recorder)
    }

    /// The whole body; `None` if it was too long or isn't sent yet.
    pub(super) fn whole(self) -> Option<Bytes> {
        match std::mem::take(&mut *self.kept()) {
            Kept::Whole(bytes) => Some(Bytes::from(bytes)),
            Kept::Part(_) | Kept::Nothing => None,
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, bytes: &[u8], is_last: bool) {
        let mut kept = self.kept();
        if let Kept::Part(copy) = &mut *kept {
            if copy.len() + bytes.len() > KEPT_MAX_BYTES {
                *kept = Kept::Nothing;
                return;
            }
            copy.extend_from_slice(bytes);
            if is_last {
                *kept = Kept::Whole(std::mem::take(copy));
            }
        }
    }
}

struct Recorded {
    body: Incoming,
    recorder: Recorder,
}

impl Body for Recorded {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(frame) = &polled {
            match frame {
                Some(Ok(frame)) => {
                    let bytes = frame.data_ref().map(Bytes::as_ref).unwrap_or_default();
                    self.recorder.record(bytes, self.body.is_end_stream());
                }
                None => self.recorder.record(&[], true),
                Some(Err(_)) => {}
            }
        }
        polled.map(|frame| frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorder() -> Recorder {
        Recorder(Arc::new(Mutex::new(Kept::Part(Vec::new()))))
    }

    #[test]
    fn a_body_is_repeated_only_as_a_whole() {
        let parts = |parts: &[(&[u8], bool)]| {
            let recorder = recorder();
            for (bytes, is_last) in parts {
                recorder.record(bytes, *is_last);
            }
            recorder.whole()
        };
        assert_eq!(parts(&[(b"ab", false), (b"c", true)]).unwrap(), "abc");
        assert_eq!(parts(&[(b"ab", false), (b"", true)]).unwrap(), "ab");
        assert_eq!(parts(&[(b"ab", false)]), None);
        let half = vec![0; KEPT_MAX_BYTES / 2];
        assert_eq!(parts(&[(&half, false), (&half, true)]).unwrap().len(), KEPT_MAX_BYTES);
        assert_eq!(parts(&[(&half, false), (&half, false), (b"x", true)]), None);
    }
}
