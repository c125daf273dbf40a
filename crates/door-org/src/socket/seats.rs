//! What a socket has joined, and as whom.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use parlor_core::{contacts::Visitor, ids::ConversationId, presence::Place};
use socketio::{EventError, Socket};

use crate::Door;

/// How many conversations one socket may sit in. A widget sits in one, an agent's browser in as many as it shows.
const MOST: usize = 500;

/// A place in a conversation.
pub struct Seat {
    pub place: Place,
    pub taken_as: TakenAs,
}

/// As whom a seat was taken.
#[derive(Clone)]
pub enum TakenAs {
    /// The visitor whose conversation it is.
    Visitor(Visitor),
    /// The agent of the socket.
    Staff,
}

/// The seats of a socket. They are its own, and come back with it.
#[derive(Clone, Default)]
pub struct Seats(Arc<Mutex<Taken>>);

/// A map has room for more than the one seat that most sockets take: let that room be small.
type Taken = HashMap<ConversationId, Arc<Seat>>;

impl Seats {
    /// The seats of this socket.
    pub fn of(socket: &Socket<Door>) -> Seats {
        socket.get().unwrap_or_default()
    }

    /// Takes a seat, or the same one again.
    ///
    /// # Errors
    /// The socket has too many.
    pub fn take(&self, seat: Seat) -> Result<(), EventError> {
        let mut seats = self.0.lock();
        let id = seat.place.conversation_id;
        if seats.len() >= MOST && !seats.contains_key(&id) {
            return Err(EventError::new("This connection has joined too many conversations."));
        }
        seats.insert(id, Arc::new(seat));
        Ok(())
    }

    /// Gives a seat up.
    pub fn give_up(&self, id: ConversationId) -> Option<Arc<Seat>> {
        self.0.lock().remove(&id)
    }

    /// The seat in a conversation.
    ///
    /// # Errors
    /// The socket has not joined it.
    pub fn at(&self, id: ConversationId) -> Result<Arc<Seat>, EventError> {
        let seat = self.0.lock().get(&id).cloned();
        seat.ok_or_else(|| EventError::new("Join the conversation first."))
    }

    /// Whether another seat is taken by this visitor, too.
    pub fn has_visitor(&self, place: &Place) -> bool {
        let same = |seat: &Arc<Seat>| {
            matches!(seat.taken_as, TakenAs::Visitor(_))
                && (seat.place.channel_id, &seat.place.external_id) == (place.channel_id, &place.external_id)
        };
        self.0.lock().values().any(same)
    }
}
