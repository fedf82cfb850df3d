using OpposingSignals.Devices;
using OpposingSignals.Devices.Cuda;

namespace OpposingSignals.Tests.Support;

/// <summary>
/// Orders in which the emulated device's threads take turns. A kernel without a race writes the same bits under each.
/// </summary>
internal static class EmulatedSchedules
{
    private static readonly string[] Others = ["reverse", "random:1"];

    /// <summary>
    /// What <paramref name="work"/> writes; on the emulated device it is done under every schedule, and the bits must
    /// agree.
    /// </summary>
    public static IReadOnlyList<T[]> SameBits<T>(Device device, Func<IReadOnlyList<T[]>> work)
        where T : unmanaged
    {
        IReadOnlyList<T[]> written = work();
        if (device.Name != "cuda-emulated")
        {
            return written;
        }

        foreach (string schedule in Others)
        {
            IReadOnlyList<T[]> again = Under(schedule, work);
            Assert.Equal(written.Count, again.Count);
            for (int i = 0; i < written.Count; i++)
            {
                Assert.True(
                    System.Runtime.InteropServices.MemoryMarshal.AsBytes<T>(written[i]).SequenceEqual(
                        System.Runtime.InteropServices.MemoryMarshal.AsBytes<T>(again[i])),
                    $"output {i} has other bits under the schedule {schedule}");
            }
        }

        return written;
    }

    /// <summary>
    /// What <paramref name="work"/> gives where the kernels that this host thread starts follow
    /// <paramref name="schedule"/>.
    /// </summary>
    public static T Under<T>(string schedule, Func<T> work)
    {
        CudaDriver.Emulated.FollowSchedule(schedule);
        try
        {
            return work();
        }
        finally
        {
            CudaDriver.Emulated.FollowSchedule(null);
        }
    }
}
