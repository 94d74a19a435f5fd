//! Keys, answers and exams that crossed one another.
