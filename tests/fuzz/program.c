// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs: random generation, mutation, and a text format with one call per line:
 *
 *	open 0 0 rdwr
 *	pwrite 0 4095 2 good 0
 */
#include "fuzz.h"

/* ---- generation and mutation ---- */

static int64_t random_value(const struct kind *k, struct random *r)
{
	return k->values[random_below(r, k->count)].value;
}

/* Another value: of the table, derived from the old one, or a random number */
static int64_t change_value(const struct kind *k, int64_t old, struct random *r)
{
	if (!k->numbers || one_in(r, 2))
		return random_value(k, r);
	switch (random_below(r, 4)) {
	case 0:
		return (uint64_t)old + random_below(r, 17) - 8;
	case 1:
		return (uint64_t)old * 2;
	case 2:
		return (uint64_t)old + random_value(k, r);
	default:
		return random_below(r, 1 << 17);
	}
}

static struct call random_call(struct random *r)
{
	struct call c = {};

	/* Calls that need a process of their own are slow: choose them less often. */
	do {
		c.type = &call_types[random_below(r, call_type_count)];
	} while (c.type->apart && !one_in(r, 10));
	for (int i = 0; i < MAX_ARGS && c.type->args[i]; i++)
		c.args[i] = random_value(c.type->args[i], r);
	return c;
}

static void insert(struct program *p, unsigned int nr, const struct call *c)
{
	if (p->len == MAX_CALLS)
		return;
	memmove(&p->calls[nr + 1], &p->calls[nr],
		(p->len - nr) * sizeof(*p->calls));
	p->calls[nr] = *c;
	p->len++;
}

void program_remove(struct program *p, unsigned int nr)
{
	p->len--;
	memmove(&p->calls[nr], &p->calls[nr + 1],
		(p->len - nr) * sizeof(*p->calls));
}

void program_random(struct program *p, struct random *r)
{
	unsigned int len = 2 + random_below(r, MAX_CALLS - 2);

	/* Begin with open(), because most calls need an open file. */
	p->calls[0] = random_call(r);
	p->calls[0].type = &call_types[0];
	for (int i = 0; i < 3; i++)
		p->calls[0].args[i] = random_value(call_types[0].args[i], r);
	p->calls[0].args[0] = 0;
	for (p->len = 1; p->len < len; p->len++)
		p->calls[p->len] = random_call(r);
}

static void change_argument(struct program *p, struct random *r)
{
	struct call *c = &p->calls[random_below(r, p->len)];
	int n = 0, i;

	while (n < MAX_ARGS && c->type->args[n])
		n++;
	if (!n)
		return;
	i = random_below(r, n);
	c->args[i] = change_value(c->type->args[i], c->args[i], r);
}

/* Crossover: the beginning of this program, and the end of the other one */
static void cross(struct program *p, const struct program *other,
		  struct random *r)
{
	unsigned int from = random_below(r, other->len);

	p->len = random_below(r, p->len + 1);
	for (; from < other->len && p->len < MAX_CALLS; from++)
		p->calls[p->len++] = other->calls[from];
}

void program_change(struct program *p, const struct program *other,
		    struct random *r)
{
	struct call c;

	do {
		switch (random_below(r, 8)) {
		case 0:
			if (p->len > 1)
				program_remove(p, random_below(r, p->len));
			break;
		case 1:
			c = p->calls[random_below(r, p->len)];
			insert(p, random_below(r, p->len + 1), &c);
			break;
		case 2:
			cross(p, other, r);
			break;
		case 3:
		case 4:
			c = random_call(r);
			insert(p, random_below(r, p->len + 1), &c);
			break;
		default:
			change_argument(p, r);
		}
	} while (!one_in(r, 3));
}

/* ---- text format ---- */

static void print_value(FILE *f, const struct kind *k, int64_t value)
{
	for (size_t i = 0; i < k->count; i++)
		if (k->values[i].name && k->values[i].value == value) {
			fprintf(f, " %s", k->values[i].name);
			return;
		}
	fprintf(f, " %lld", (long long)value);
}

void program_print(FILE *f, const struct program *p, const char *prefix)
{
	for (unsigned int i = 0; i < p->len; i++) {
		const struct call *c = &p->calls[i];

		fprintf(f, "%s%s", prefix, c->type->name);
		for (int j = 0; j < MAX_ARGS && c->type->args[j]; j++)
			print_value(f, c->type->args[j], c->args[j]);
		fprintf(f, "\n");
	}
}

/* A name or number of the table, or any number if the kind allows that */
static bool parse_value(const struct kind *k, const char *word, int64_t *value)
{
	char *end;

	if (!word)
		return false;
	*value = strtoll(word, &end, 0);
	for (size_t i = 0; i < k->count; i++) {
		const struct value *v = &k->values[i];

		if (v->name && !strcmp(v->name, word)) {
			*value = v->value;
			return true;
		}
		if (!*end && !v->name && v->value == *value)
			return true;
	}
	return !*end && k->numbers;
}

static bool parse_call(struct call *c, char *line)
{
	char *state, *word = strtok_r(line, " \n", &state);

	for (size_t i = 0; i < call_type_count; i++) {
		const struct call_type *t = &call_types[i];

		if (strcmp(t->name, word))
			continue;
		c->type = t;
		for (int j = 0; j < MAX_ARGS && t->args[j]; j++)
			if (!parse_value(t->args[j],
					 strtok_r(NULL, " \n", &state),
					 &c->args[j]))
				return false;
		return !strtok_r(NULL, " \n", &state);
	}
	return false;
}

bool program_parse(struct program *p, FILE *f, const char *name)
{
	char line[256], copy[256];

	memset(p, 0, sizeof(*p));
	while (fgets(line, sizeof(line), f)) {
		if (line[0] == '#')
			continue;
		if (line[0] == '\n' && p->len)
			return true;
		if (line[0] == '\n')
			continue;
		strcpy(copy, line);
		if (p->len == MAX_CALLS || !parse_call(&p->calls[p->len], line))
			die("%s: cannot have '%.*s' there", name,
			    (int)strcspn(copy, "\n"), copy);
		p->len++;
	}
	return p->len;
}
