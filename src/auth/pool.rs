//! A few threads with memory of their own, and a short queue before them.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use argon2::Block;

use super::HashError;

/// Threads without work for this long give their memory back.
const IDLE: Duration = Duration::from_secs(30);

/// What a thread keeps from one job to the next: fresh pages cost as much as hashing in them.
pub(super) type Memory = Vec<Block>;

type Job = Box<dyn FnOnce(&mut Memory) + Send>;

/// Dropping it ends the threads once they have finished what they are at.
pub(super) struct Pool {
    shared: Arc<Shared>,
}

struct Shared {
    queue: Mutex<Queue>,
    wake: Condvar,
}

struct Queue {
    jobs: VecDeque<Job>,
    jobs_max: usize,
    closed: bool,
}

impl Pool {
    /// Starts as many of `threads` threads as the system allows; `queue_max` jobs can wait.
    pub(super) fn new(threads: usize, queue_max: usize) -> Self {
        let jobs_max = queue_max.max(1);
        let queue = Queue { jobs: VecDeque::new(), jobs_max, closed: false };
        let shared = Arc::new(Shared { queue: Mutex::new(queue), wake: Condvar::new() });
        let spawn = |number: &usize| {
            let shared = Arc::clone(&shared);
            let name = format!("password-{number}");
            let work = move || {
                give_way();
                shared.work();
            };
            thread::Builder::new().name(name).spawn(work).is_ok()
        };
        let started = (0..threads.max(1)).filter(spawn).count();
        shared.lock().closed = started == 0;
        Self { shared }
    }

    /// Runs `job` on one of the threads and waits for what it returns.
    pub(super) fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let (reply, answer) = mpsc::sync_channel(1);
        let mut queue = self.shared.lock();
        if queue.closed {
            return Err(HashError::Stopped);
        }
        if queue.jobs.len() >= queue.jobs_max {
            return Err(HashError::Busy);
        }
        queue.jobs.push_back(Box::new(move |memory| {
            // Whoever asked may be gone by now.
            let _ = reply.send(job(memory));
        }));
        drop(queue);
        self.shared.wake.notify_one();
        answer.recv().map_err(|_| HashError::Stopped)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.wake.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let mut memory = Memory::new();
        while let Some(job) = self.next_job(&mut memory) {
            job(&mut memory);
        }
    }

    /// Waits for a job; `None` when there will be no more.
    fn next_job(&self, memory: &mut Memory) -> Option<Job> {
        let mut queue = self.lock();
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                return Some(job);
            }
            if queue.closed {
                return None;
            }
            queue = if memory.is_empty() {
                self.wake.wait(queue).unwrap_or_else(PoisonError::into_inner)
            } else {
                let (queue, wait) =
                    self.wake.wait_timeout(queue, IDLE).unwrap_or_else(PoisonError::into_inner);
                if wait.timed_out() {
                    *memory = Memory::new();
                }
                queue
            };
        }
    }
}

/// Lets everybody else go first: a hash takes tens of milliseconds of a core, most requests a hundredth
/// of one. On Linux a thread has a priority of its own; elsewhere the system has to share fairly.
fn give_way() {
    #[cfg(target_os = "linux")]
    {
        const NICE: i32 = 10;
        // Being refused costs only the courtesy.
        let _ = rustix::process::setpriority_process(None, NICE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_beyond_the_queue_are_refused() {
        let pool = Pool::new(1, 1);
        let (started, has_started) = mpsc::channel();
        let (open, gate) = mpsc::channel::<()>();
        thread::scope(|scope| {
            let pool = &pool;
            let running = scope.spawn(move || {
                pool.run(move |_| {
                    started.send(()).unwrap();
                    gate.recv().unwrap();
                    1
                })
            });
            has_started.recv().unwrap();
            let waiting = scope.spawn(move || pool.run(|_| 2));
            while pool.shared.lock().jobs.is_empty() {
                thread::yield_now();
            }
            assert_eq!(pool.run(|_| 3), Err(HashError::Busy));
            open.send(()).unwrap();
            assert_eq!(running.join().unwrap(), Ok(1));
            assert_eq!(waiting.join().unwrap(), Ok(2));
        });
        assert_eq!(pool.run(|_| 4), Ok(4));
    }

    #[test]
    fn threads_keep_their_memory_between_jobs() {
        let pool = Pool::new(1, 1);
        pool.run(|memory| memory.resize(3, Block::new())).unwrap();
        assert_eq!(pool.run(|memory| memory.len()), Ok(3));
    }

    #[test]
    fn a_closed_pool_refuses_jobs() {
        let pool = Pool::new(1, 1);
        pool.shared.lock().closed = true;
        assert_eq!(pool.run(|_| ()), Err(HashError::Stopped));
    }
}
