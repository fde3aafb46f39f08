/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tracepoints of a module, under events/scullX/. Their names begin with that of the
 * module, because BPF looks up raw tracepoints by name alone.
 *
 * dev: minor number of the device; held: bytes charged for the old store; index: of the
 * quantum in the item; bytes: length of a quantum; footprint: bytes that
 * the allocator spends on it.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM SCULL_NAME

#if !defined(SCULL_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define SCULL_TRACE_H

#include <linux/tracepoint.h>

#include "scull.h"

/* SCULL_EVENT(_trim) is scullc_trim in scullc. */
#define SCULL_EVENT(event) __PASTE(SCULL_NAME, event)

/* DEFINE_EVENT() pastes its arguments: expand the name of the event before. */
#define DEFINE_SCULL_EVENT(class, event, proto, args) \
	DEFINE_EVENT(class, event, PARAMS(proto), PARAMS(args))

DECLARE_EVENT_CLASS(scull_quantum,
	TP_PROTO(const struct scull_store *s, const struct scull_place *at,
		 const void *quantum),
	TP_ARGS(s, at, quantum),
	TP_STRUCT__entry(
		__field(unsigned int, dev)
		__field(unsigned long, item)
		__field(unsigned int, index)
		__field(unsigned int, bytes)
		__field(size_t, footprint)
		__field(const void *, quantum)
	),
	TP_fast_assign(
		__entry->dev = s->minor;
		__entry->item = at->item;
		__entry->index = at->index;
		__entry->bytes = s->allocator.bytes;
		__entry->footprint = s->allocator.footprint;
		__entry->quantum = quantum;
	),
	TP_printk("dev=%u item=%lu index=%u bytes=%u footprint=%zu quantum=%p",
		  __entry->dev, __entry->item, __entry->index, __entry->bytes,
		  __entry->footprint, __entry->quantum)
);

DEFINE_SCULL_EVENT(scull_quantum, SCULL_EVENT(_quantum_alloc),
	TP_PROTO(const struct scull_store *s, const struct scull_place *at,
		 const void *quantum),
	TP_ARGS(s, at, quantum)
);

DEFINE_SCULL_EVENT(scull_quantum, SCULL_EVENT(_quantum_free),
	TP_PROTO(const struct scull_store *s, const struct scull_place *at,
		 const void *quantum),
	TP_ARGS(s, at, quantum)
);

DECLARE_EVENT_CLASS(scull_alloc_failed,
	TP_PROTO(const struct scull_store *s, const struct scull_place *at,
		 int error),
	TP_ARGS(s, at, error),
	TP_STRUCT__entry(
		__field(unsigned int, dev)
		__field(unsigned long, item)
		__field(unsigned int, index)
		__field(unsigned int, bytes)
		__field(size_t, footprint)
		__field(int, error)
	),
	TP_fast_assign(
		__entry->dev = s->minor;
		__entry->item = at->item;
		__entry->index = at->index;
		__entry->bytes = s->allocator.bytes;
		__entry->footprint = s->allocator.footprint;
		__entry->error = error;
	),
	TP_printk("dev=%u item=%lu index=%u bytes=%u footprint=%zu error=%d",
		  __entry->dev, __entry->item, __entry->index, __entry->bytes,
		  __entry->footprint, __entry->error)
);

DEFINE_SCULL_EVENT(scull_alloc_failed, SCULL_EVENT(_alloc_failed),
	TP_PROTO(const struct scull_store *s, const struct scull_place *at,
		 int error),
	TP_ARGS(s, at, error)
);

DECLARE_EVENT_CLASS(scull_trim,
	TP_PROTO(const struct scull_store *old, unsigned int quantum,
		 unsigned int qset),
	TP_ARGS(old, quantum, qset),
	TP_STRUCT__entry(
		__field(unsigned int, dev)
		__field(loff_t, size)
		__field(unsigned long, held)
		__field(unsigned int, quantum)
		__field(unsigned int, qset)
	),
	TP_fast_assign(
		__entry->dev = old->minor;
		__entry->size = scull_store_size(old);
		__entry->held = atomic_long_read(&old->held);
		__entry->quantum = quantum;
		__entry->qset = qset;
	),
	TP_printk("dev=%u size=%lld held=%lu new_quantum=%u new_qset=%u",
		  __entry->dev, __entry->size, __entry->held, __entry->quantum,
		  __entry->qset)
);

DEFINE_SCULL_EVENT(scull_trim, SCULL_EVENT(_trim),
	TP_PROTO(const struct scull_store *old, unsigned int quantum,
		 unsigned int qset),
	TP_ARGS(old, quantum, qset)
);

#define trace_scull_quantum_alloc __PASTE(trace_, SCULL_EVENT(_quantum_alloc))
#define trace_scull_quantum_free __PASTE(trace_, SCULL_EVENT(_quantum_free))
#define trace_scull_alloc_failed __PASTE(trace_, SCULL_EVENT(_alloc_failed))
#define trace_scull_trim __PASTE(trace_, SCULL_EVENT(_trim))

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
