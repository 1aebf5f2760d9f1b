// SimGrid on the load of src/fat_tree.rs: random flows of 100 MB on a fat tree of 100 Gbit/s.
//
//   g++ -O2 -std=c++17 fat_tree.cpp -lsimgrid -o /tmp/fat_tree
//   /tmp/fat_tree PORTS FLOWS SPAN [--cfg=network/crosstraffic:0]
//
// The network model is CM02, without latency, so that a rate is a max-min share and nothing else.
// Equal paths are chosen by destination (D-mod-k), as SimGrid does in its fat trees.

#include <simgrid/s4u.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <random>
#include <string>
#include <time.h>
#include <vector>

namespace sg4 = simgrid::s4u;

struct Start {
  double time;
  int from;
  int to;
};

/// Starts each flow at its time, and waits for all.
static void load(const std::vector<Start>* starts)
{
  const std::vector<sg4::Host*> hosts = sg4::Engine::get_instance()->get_all_hosts();
  std::vector<sg4::CommPtr> flows;
  for (const Start& start : *starts) {
    sg4::this_actor::sleep_until(start.time);
    flows.push_back(sg4::Comm::sendto_async(hosts[start.from], hosts[start.to], 100'000'000));
  }
  sg4::Comm::wait_all(flows);
}

static double processor_seconds()
{
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec + now.tv_nsec * 1e-9;
}

int main(int argc, char* argv[])
{
  sg4::Engine engine(&argc, argv);
  sg4::Engine::set_config("network/model:CM02");
  if (argc != 4) {
    std::fprintf(stderr, "usage: fat_tree PORTS FLOWS SPAN\n");
    return 2;
  }
  const int ports = std::stoi(argv[1]);
  const int count = std::stoi(argv[2]);
  const double span = std::stod(argv[3]);
  const int half = ports / 2;
  const int leaves = ports * half * half;

  const std::string platform = "/tmp/fat_tree_" + std::to_string(ports) + ".xml";
  std::ofstream(platform) << "<?xml version='1.0'?>\n"
                          << "<!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">\n"
                          << "<platform version=\"4.1\"><cluster id=\"tree\" prefix=\"host-\" suffix=\"\" radical=\"0-"
                          << leaves - 1 << "\" speed=\"1Gf\" bw=\"12.5GBps\" lat=\"0us\" "
                          << "sharing_policy=\"SPLITDUPLEX\" topology=\"FAT_TREE\" topo_parameters=\"3;" << half << ","
                          << half << "," << ports << ";1," << half << "," << half << ";1,1,1\"/></platform>\n";
  engine.load_platform(platform);

  std::mt19937 random(1);
  std::vector<Start> starts;
  for (int i = 0; i < count; i++) {
    const int from = random() % leaves;
    const int to = (from + 1 + random() % (leaves - 1)) % leaves;
    starts.push_back({span * (random() / 4294967296.0), from, to});
  }
  std::sort(starts.begin(), starts.end(), [](const Start& a, const Start& b) { return a.time < b.time; });
  sg4::Actor::create("load", engine.get_all_hosts()[0], load, &starts);

  const double before = processor_seconds();
  engine.run();
  const double elapsed = processor_seconds() - before;
  std::printf("k=%d: %d flows over %g s, simulated %.4f s: %.0f flows per second of processor time\n", ports, count,
              span, sg4::Engine::get_clock(), count / elapsed);
  return 0;
}
