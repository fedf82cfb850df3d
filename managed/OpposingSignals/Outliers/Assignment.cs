namespace OpposingSignals.Outliers;

/// <summary>Pairs rows with columns so that the sum of their gains is largest.</summary>
internal static class Assignment
{
    /// <summary>
    /// The column of each row, −1 where there are fewer columns than rows: shortest augmenting paths with potentials
    /// (Kuhn 1955, Munkres 1957, in the form of Jonker and Volgenant 1987), O(n³).
    /// </summary>
    /// <param name="gains">Gains [rows, columns], finite and at least 0.</param>
    public static int[] Maximise(double[,] gains)
    {
        int rows = gains.GetLength(0), columns = gains.GetLength(1), size = Math.Max(rows, columns);
        double[] ofRow = new double[size + 1], ofColumn = new double[size + 1];

        // Row of each column; rows and columns count from 1, and what lies beyond the gains costs nothing.
        int[] owner = new int[size + 1], from = new int[size + 1];
        for (int row = 1; row <= size; row++)
        {
            owner[0] = row;
            Augment();
        }

        int[] assigned = new int[rows];
        Array.Fill(assigned, -1);
        for (int column = 1; column <= columns; column++)
        {
            if (owner[column] <= rows)
            {
                assigned[owner[column] - 1] = column - 1;
            }
        }

        return assigned;

        void Augment()
        {
            double[] shortest = new double[size + 1];
            bool[] visited = new bool[size + 1];
            Array.Fill(shortest, double.PositiveInfinity);
            int column = 0;
            do
            {
                visited[column] = true;
                int next = 0;
                double least = double.PositiveInfinity;
                for (int other = 1; other <= size; other++)
                {
                    if (visited[other])
                    {
                        continue;
                    }

                    double path = Cost(owner[column], other) - ofRow[owner[column]] - ofColumn[other];
                    if (path < shortest[other])
                    {
                        (shortest[other], from[other]) = (path, column);
                    }

                    if (shortest[other] < least)
                    {
                        (least, next) = (shortest[other], other);
                    }
                }

                for (int other = 0; other <= size; other++)
                {
                    if (visited[other])
                    {
                        ofRow[owner[other]] += least;
                        ofColumn[other] -= least;
                    }
                    else
                    {
                        shortest[other] -= least;
                    }
                }

                column = next;
            }
            while (owner[column] != 0);

            for (; column != 0; column = from[column])
            {
                owner[column] = owner[from[column]];
            }
        }

        double Cost(int row, int column) => row <= rows && column <= columns ? -gains[row - 1, column - 1] : 0;
    }
}
