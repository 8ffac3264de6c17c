"""The bibliography. A method names its source by key; the report lists those that were used, and only those."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """One publication."""

    authors: str
    year: int
    title: str
    venue: str
    link: str


SOURCES: dict[str, Source] = {
    "jarne2024": Source(
        "C. Jarne",
        2024,
        "Exploring Flip Flop memories and beyond: training Recurrent Neural Networks with key insights",
        "Frontiers in Systems Neuroscience 18",
        "https://doi.org/10.3389/fnsys.2024.1269190",
    ),
    "jarne2019": Source(
        "C. Jarne and R. Laje",
        2019,
        "A detailed study of recurrent neural networks used to model tasks in the cerebral cortex",
        "arXiv",
        "https://doi.org/10.48550/arXiv.1906.01094",
    ),
    "jarne2023": Source(
        "C. Jarne and R. Laje",
        2023,
        "Exploring weight initialization, diversity of solutions, and degradation in recurrent neural networks "
        "trained for temporal and decision-making tasks",
        "Journal of Computational Neuroscience 51, 407-431",
        "https://doi.org/10.1007/s10827-023-00857-9",
    ),
    "salmon2011": Source(
        "J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw",
        2011,
        "Parallel random numbers: as easy as 1, 2, 3",
        "Proceedings of the International Conference for High Performance Computing, Networking, Storage and Analysis",
        "https://doi.org/10.1145/2063384.2063405",
    ),
    "box1958": Source(
        "G. E. P. Box and M. E. Muller",
        1958,
        "A note on the generation of random normal deviates",
        "The Annals of Mathematical Statistics 29, 610-611",
        "https://doi.org/10.1214/aoms/1177706645",
    ),
    "sussillo2013": Source(
        "D. Sussillo and O. Barak",
        2013,
        "Opening the black box: low-dimensional dynamics in high-dimensional recurrent neural networks",
        "Neural Computation 25, 626-649",
        "https://doi.org/10.1162/NECO_a_00409",
    ),
    "britten1992": Source(
        "K. H. Britten, M. N. Shadlen, W. T. Newsome and J. A. Movshon",
        1992,
        "The analysis of visual motion: a comparison of neuronal and psychophysical performance",
        "Journal of Neuroscience 12, 4745-4765",
        "https://doi.org/10.1523/JNEUROSCI.12-12-04745.1992",
    ),
    "roitman2002": Source(
        "J. D. Roitman and M. N. Shadlen",
        2002,
        "Response of neurons in the lateral intraparietal area during a combined visual discrimination reaction "
        "time task",
        "Journal of Neuroscience 22, 9475-9489",
        "https://doi.org/10.1523/JNEUROSCI.22-21-09475.2002",
    ),
    "mante2013": Source(
        "V. Mante, D. Sussillo, K. V. Shenoy and W. T. Newsome",
        2013,
        "Context-dependent computation by recurrent dynamics in prefrontal cortex",
        "Nature 503, 78-84",
        "https://doi.org/10.1038/nature12742",
    ),
    "freedman2006": Source(
        "D. J. Freedman and J. A. Assad",
        2006,
        "Experience-dependent representation of visual categories in parietal cortex",
        "Nature 443, 85-88",
        "https://doi.org/10.1038/nature05078",
    ),
    "romo1999": Source(
        "R. Romo, C. D. Brody, A. Hernández and L. Lemus",
        1999,
        "Neuronal correlates of parametric working memory in the prefrontal cortex",
        "Nature 399, 470-473",
        "https://doi.org/10.1038/20939",
    ),
    "jazayeri2010": Source(
        "M. Jazayeri and M. N. Shadlen",
        2010,
        "Temporal context calibrates interval timing",
        "Nature Neuroscience 13, 1020-1026",
        "https://doi.org/10.1038/nn.2590",
    ),
    "molano2022": Source(
        "M. Molano-Mazón, J. Barbosa, J. Pastor-Ciurana, M. Fradera, R.-Y. Zhang, J. Forest, J. del Pozo Lerida, "
        "L. Ji-An, C. J. Cueva, J. de la Rocha, D. Narain and G. R. Yang",
        2022,
        "NeuroGym: an open resource for developing and sharing neuroscience tasks",
        "PsyArXiv",
        "https://doi.org/10.31234/osf.io/aqc9n",
    ),
    "kingma2015": Source(
        "D. P. Kingma and J. Ba",
        2015,
        "Adam: a method for stochastic optimization",
        "International Conference on Learning Representations",
        "https://doi.org/10.48550/arXiv.1412.6980",
    ),
    "hinton2012": Source(
        "G. Hinton, N. Srivastava and K. Swersky",
        2012,
        "Neural networks for machine learning, lecture 6: overview of mini-batch gradient descent",
        "lecture slides",
        "https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf",
    ),
    "jordan2024": Source(
        "K. Jordan, Y. Jin, V. Boza, J. You, F. Cesista, L. Newhouse and J. Bernstein",
        2024,
        "Muon: an optimizer for hidden layers in neural networks",
        "web page",
        "https://kellerjordan.github.io/posts/muon/",
    ),
    "loshchilov2019": Source(
        "I. Loshchilov and F. Hutter",
        2019,
        "Decoupled weight decay regularization",
        "International Conference on Learning Representations",
        "https://doi.org/10.48550/arXiv.1711.05101",
    ),
    "saxe2014": Source(
        "A. M. Saxe, J. L. McClelland and S. Ganguli",
        2014,
        "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks",
        "International Conference on Learning Representations",
        "https://doi.org/10.48550/arXiv.1312.6120",
    ),
    "glorot2010": Source(
        "X. Glorot and Y. Bengio",
        2010,
        "Understanding the difficulty of training deep feedforward neural networks",
        "Proceedings of Machine Learning Research 9, 249-256",
        "https://proceedings.mlr.press/v9/glorot10a.html",
    ),
    "le2015": Source(
        "Q. V. Le, N. Jaitly and G. E. Hinton",
        2015,
        "A simple way to initialize recurrent networks of rectified linear units",
        "arXiv",
        "https://doi.org/10.48550/arXiv.1504.00941",
    ),
    "pascanu2013": Source(
        "R. Pascanu, T. Mikolov and Y. Bengio",
        2013,
        "On the difficulty of training recurrent neural networks",
        "International Conference on Machine Learning",
        "https://doi.org/10.48550/arXiv.1211.5063",
    ),
    "rajan2006": Source(
        "K. Rajan and L. F. Abbott",
        2006,
        "Eigenvalue spectra of random matrices for neural networks",
        "Physical Review Letters 97, 188104",
        "https://doi.org/10.1103/PhysRevLett.97.188104",
    ),
    "henrici1962": Source(
        "P. Henrici",
        1962,
        "Bounds for iterates, inverses, spectral variation and fields of values of non-normal matrices",
        "Numerische Mathematik 4, 24-40",
        "https://doi.org/10.1007/BF01386294",
    ),
    "asllani2018": Source(
        "M. Asllani, R. Lambiotte and T. Carletti",
        2018,
        "Structure and dynamical behavior of non-normal networks",
        "Science Advances 4, eaau9403",
        "https://doi.org/10.1126/sciadv.aau9403",
    ),
    "bondanelli2020": Source(
        "G. Bondanelli and S. Ostojic",
        2020,
        "Coding with transient trajectories in recurrent neural networks",
        "PLOS Computational Biology 16, e1007655",
        "https://doi.org/10.1371/journal.pcbi.1007655",
    ),
    "cunningham2014": Source(
        "J. P. Cunningham and B. M. Yu",
        2014,
        "Dimensionality reduction for large-scale neural recordings",
        "Nature Neuroscience 17, 1500-1509",
        "https://doi.org/10.1038/nn.3776",
    ),
    "kobak2016": Source(
        "D. Kobak, W. Brendel, C. Constantinidis, C. E. Feierstein, A. Kepecs, Z. F. Mainen, X.-L. Qi, R. Romo, "
        "N. Uchida and C. K. Machens",
        2016,
        "Demixed principal component analysis of neural population data",
        "eLife 5, e10989",
        "https://doi.org/10.7554/eLife.10989",
    ),
    "williams2018": Source(
        "A. H. Williams, T. H. Kim, F. Wang, S. Vyas, S. I. Ryu, K. V. Shenoy, M. Schnitzer, T. G. Kolda and "
        "S. Ganguli",
        2018,
        "Unsupervised discovery of demixed, low-dimensional neural dynamics across multiple timescales through "
        "tensor component analysis",
        "Neuron 98, 1099-1115",
        "https://doi.org/10.1016/j.neuron.2018.05.015",
    ),
    "rigotti2013": Source(
        "M. Rigotti, O. Barak, M. R. Warden, X.-J. Wang, N. D. Daw, E. K. Miller and S. Fusi",
        2013,
        "The importance of mixed selectivity in complex cognitive tasks",
        "Nature 497, 585-590",
        "https://doi.org/10.1038/nature12160",
    ),
    "benettin1980": Source(
        "G. Benettin, L. Galgani, A. Giorgilli and J. M. Strelcyn",
        1980,
        "Lyapunov characteristic exponents for smooth dynamical systems and for Hamiltonian systems",
        "Meccanica 15, 9-20",
        "https://doi.org/10.1007/BF02128236",
    ),
    "kaplan1979": Source(
        "J. L. Kaplan and J. A. Yorke",
        1979,
        "Chaotic behavior of multidimensional difference equations",
        "Functional Differential Equations and Approximation of Fixed Points, Lecture Notes in Mathematics 730, "
        "204-227",
        "https://doi.org/10.1007/BFb0064319",
    ),
    "epstein1953": Source(
        "B. Epstein and M. Sobel",
        1953,
        "Life testing",
        "Journal of the American Statistical Association 48, 486-502",
        "https://doi.org/10.1080/01621459.1953.10483488",
    ),
    "allgower1990": Source(
        "E. L. Allgower and K. Georg",
        1990,
        "Numerical Continuation Methods: An Introduction",
        "Springer Series in Computational Mathematics 13",
        "https://doi.org/10.1007/978-3-642-61257-2",
    ),
    "kantorovich1948": Source(
        "L. V. Kantorovich",
        1948,
        "Functional analysis and applied mathematics",
        "Uspekhi Matematicheskikh Nauk 3, 89-185",
        "https://www.mathnet.ru/eng/rm8731",
    ),
    "rump2010": Source(
        "S. M. Rump",
        2010,
        "Verification methods: rigorous results using floating-point arithmetic",
        "Acta Numerica 19, 287-449",
        "https://doi.org/10.1017/S096249291000005X",
    ),
    "higham2002": Source(
        "N. J. Higham",
        2002,
        "Accuracy and Stability of Numerical Algorithms, second edition",
        "SIAM",
        "https://doi.org/10.1137/1.9780898718027",
    ),
    "gershgorin1931": Source(
        "S. Gershgorin",
        1931,
        "Über die Abgrenzung der Eigenwerte einer Matrix",
        "Izvestiya Akademii Nauk SSSR, 749-754",
        "https://www.mathnet.ru/eng/im5235",
    ),
    "chao1984": Source(
        "A. Chao",
        1984,
        "Nonparametric estimation of the number of classes in a population",
        "Scandinavian Journal of Statistics 11, 265-270",
        "https://www.jstor.org/stable/4615964",
    ),
    "bernardi2020": Source(
        "S. Bernardi, M. K. Benna, M. Rigotti, J. Munuera, S. Fusi and C. D. Salzman",
        2020,
        "The geometry of abstraction in the hippocampus and prefrontal cortex",
        "Cell 183, 954-967",
        "https://doi.org/10.1016/j.cell.2020.09.031",
    ),
    "elsayed2016": Source(
        "G. F. Elsayed, A. H. Lara, M. T. Kaufman, M. M. Churchland and J. P. Cunningham",
        2016,
        "Reorganization between preparatory and movement population responses in motor cortex",
        "Nature Communications 7, 13239",
        "https://doi.org/10.1038/ncomms13239",
    ),
    "kornblith2019": Source(
        "S. Kornblith, M. Norouzi, H. Lee and G. Hinton",
        2019,
        "Similarity of neural network representations revisited",
        "Proceedings of Machine Learning Research 97, 3519-3529",
        "https://doi.org/10.48550/arXiv.1905.00414",
    ),
    "williams2021": Source(
        "A. H. Williams, E. Kunz, S. Kornblith and S. W. Linderman",
        2021,
        "Generalized shape metrics on neural representations",
        "Advances in Neural Information Processing Systems 34, 4738-4750",
        "https://doi.org/10.48550/arXiv.2110.14739",
    ),
    "ostrow2023": Source(
        "M. Ostrow, A. Eisen, L. Kozachkov and I. Fiete",
        2023,
        "Beyond geometry: comparing the temporal structure of computation in neural circuits with dynamical "
        "similarity analysis",
        "Advances in Neural Information Processing Systems 36",
        "https://doi.org/10.48550/arXiv.2306.10168",
    ),
    "schmid2010": Source(
        "P. J. Schmid",
        2010,
        "Dynamic mode decomposition of numerical and experimental data",
        "Journal of Fluid Mechanics 656, 5-28",
        "https://doi.org/10.1017/S0022112010001217",
    ),
    "hoffman1953": Source(
        "A. J. Hoffman and H. W. Wielandt",
        1953,
        "The variation of the spectrum of a normal matrix",
        "Duke Mathematical Journal 20, 37-39",
        "https://doi.org/10.1215/S0012-7094-53-02004-3",
    ),
    "torgerson1952": Source(
        "W. S. Torgerson",
        1952,
        "Multidimensional scaling: I. Theory and method",
        "Psychometrika 17, 401-419",
        "https://doi.org/10.1007/BF02288916",
    ),
    "kruskal1964": Source(
        "J. B. Kruskal",
        1964,
        "Multidimensional scaling by optimizing goodness of fit to a nonmetric hypothesis",
        "Psychometrika 29, 1-27",
        "https://doi.org/10.1007/BF02289565",
    ),
    "rousseeuw1987": Source(
        "P. J. Rousseeuw",
        1987,
        "Silhouettes: a graphical aid to the interpretation and validation of cluster analysis",
        "Journal of Computational and Applied Mathematics 20, 53-65",
        "https://doi.org/10.1016/0377-0427(87)90125-7",
    ),
    "newcombe1998": Source(
        "R. G. Newcombe",
        1998,
        "Interval estimation for the difference between independent proportions: comparison of eleven methods",
        "Statistics in Medicine 17, 873-890",
        "https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I",
    ),
    "clopper1934": Source(
        "C. J. Clopper and E. S. Pearson",
        1934,
        "The use of confidence or fiducial limits illustrated in the case of the binomial",
        "Biometrika 26, 404-413",
        "https://doi.org/10.1093/biomet/26.4.404",
    ),
    "killip2004": Source(
        "S. Killip, Z. Mahfoud, and K. Pearce",
        2004,
        "What is an intracluster correlation coefficient? Crucial concepts for primary care researchers",
        "Annals of Family Medicine 2, 204-208",
        "https://doi.org/10.1370/afm.141",
    ),
    "schuirmann1987": Source(
        "D. J. Schuirmann",
        1987,
        "A comparison of the two one-sided tests procedure and the power approach for assessing the equivalence of "
        "average bioavailability",
        "Journal of Pharmacokinetics and Biopharmaceutics 15, 657-680",
        "https://doi.org/10.1007/BF01068419",
    ),
    "wilson1927": Source(
        "E. B. Wilson",
        1927,
        "Probable inference, the law of succession, and statistical inference",
        "Journal of the American Statistical Association 22, 209-212",
        "https://doi.org/10.1080/01621459.1927.10502953",
    ),
}
