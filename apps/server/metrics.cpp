#include <apps/server/metrics.hpp>

#include <apps/server/metric_tables.hpp>

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace tenon {

using prometheus::BuildCounter;
using prometheus::BuildHistogram;
using prometheus::Counter;
using prometheus::Family;
using prometheus::Histogram;
using prometheus::MetricFamily;

class Metrics::Families {
 public:
  Families() {
    for (const HistogramLine& line : histogram_lines()) {
      auto& family = BuildHistogram().Name(line.name).Help(line.help).Register(registry_);
      histograms_.push_back(&family.Add({}, line.buckets));
    }
  }

  void count(const http::Record& record) {
    requests_.Add({{"route", record.route}, {"status", std::to_string(record.status)}}).Increment();
    endings_.Add({{"ending", name_of(record.ending)}}).Increment();
    for (const http::Answer& answer : record.generation.answers) {
      std::string reason = answer.finish_reason.empty() ? "abort" : answer.finish_reason;
      answers_.Add({{"finished_reason", reason}}).Increment();
    }
    for (size_t i = 0; i < histograms_.size(); ++i)
      histogram_lines()[i].observe(record, [&](double value) { histograms_[i]->Observe(value); });
  }
  std::vector<MetricFamily> collect() const { return registry_.Collect(); }

 private:
  prometheus::Registry registry_;
  Family<Counter>& requests_ = BuildCounter()
                                   .Name("tenon_http_requests_total")
                                   .Help("Requests answered, by route and status; status 0: none was sent")
                                   .Register(registry_);
  Family<Counter>& endings_ = BuildCounter()
                                  .Name("tenon_http_endings_total")
                                  .Help("How requests ended: answered, client_gone, cut_off or shut_down")
                                  .Register(registry_);
  Family<Counter>& answers_ = BuildCounter()
                                  .Name("tenon_answers_total")
                                  .Help("Answers that the engine generated, by the reason of their end")
                                  .Register(registry_);
  std::vector<Histogram*> histograms_;  // as in histogram_lines()
};

namespace {

// The families that vLLM has too, under its names and with its label.
void add_vllm_names(std::vector<MetricFamily>& families, const std::string& model_name) {
  size_t own = families.size();
  for (size_t i = 0; i < own; ++i) {
    const char* name = vllm_name_of(families[i].name);
    if (!name) continue;
    MetricFamily copy = families[i];
    copy.name = name;
    for (auto& metric : copy.metric) {
      metric.label.push_back({"engine", "0"});
      metric.label.push_back({"model_name", model_name});
    }
    families.push_back(std::move(copy));
  }
}

}  // namespace

Metrics::Metrics(MetricsOptions options, MetricsSources sources)
    : options_(std::move(options)), sources_(std::move(sources)), families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;

void Metrics::count(const http::Record& record) { families_->count(record); }

std::string Metrics::text() const {
  std::vector<MetricFamily> families = families_->collect();
  Standing standing{sources_.engine(), sources_.server(), sources_.step_seconds(), sources_.is_ready()};
  for (const StandingLine& line : standing_lines()) {
    MetricFamily family{line.name, line.help, line.type, {}};
    prometheus::ClientMetric metric;
    double value = line.value(standing);
    if (line.type == prometheus::MetricType::Counter)
      metric.counter.value = value;
    else
      metric.gauge.value = value;
    family.metric.push_back(std::move(metric));
    families.push_back(std::move(family));
  }
  if (options_.has_vllm_names) add_vllm_names(families, options_.model_name);
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace tenon
