"""What follows from votes under the law: who is elected, who has which seats, and where documents disagree.

Pure functions of figures: nothing here reads a file, a clock or a database. Arithmetic is exact, in integers
and fractions. Articles are those of Law 7/2017 on general elections where nothing else is named; the terms of
the law stand beside the English names. Who signs a result, and when, is not decided here.
"""
